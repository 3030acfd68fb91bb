"""avrec in the browser: `streamlit run app.py`."""

import streamlit as st
from starlette.middleware import Middleware

from avrec.ui import access, uploads
from avrec.ui.boundary import Boundary
from avrec.ui.resources import lifespan
from avrec.ui.routes import ROUTES

uploads.install()
guard = Middleware(Boundary, exposure=access.decide())
app = st.App("avrec/ui/main.py", lifespan=lifespan, routes=ROUTES, middleware=[guard])
