"""The printed report: one bilingual A4 document of a scenario, or of two compared, as HTML and as PDF."""

from __future__ import annotations

from geo.report.document import report_html, write_report
from geo.report.figures import static_map_svg
from geo.report.pdf import find_browser, report_pdf

__all__ = ["find_browser", "report_html", "report_pdf", "static_map_svg", "write_report"]
