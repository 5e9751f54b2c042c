"""The parts of the page; Streamlit lives here and nowhere else in the package."""
