"""avrec in the browser: `streamlit run app.py`."""

import logging

import streamlit as st
from starlette.middleware import Middleware

from avrec.ui import access, uploads
from avrec.ui.boundary import Boundary
from avrec.ui.resources import OneLine, lifespan, tell
from avrec.ui.routes import ROUTES

uploads.install()
logging.getLogger("streamlit.error_util").addFilter(OneLine())
guard = Middleware(Boundary, exposure=access.decide())
app = st.App("avrec/ui/main.py", lifespan=lifespan, routes=ROUTES, middleware=[guard], on_script_error=tell)
