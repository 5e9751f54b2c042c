"""Maps: a view is plain data; one page script draws it, live or in one file."""
