"""The page: asks for a scenario, shows an outcome. No arithmetic, no geometry."""

from geo.panels.page import show

show()
