"""The pages, a module each: one route for the HTML, and the endpoints of its script."""

from beamloop_ui.pages.now import router as now

# The app serves these; a new page adds its router here.
ROUTERS = (now,)
