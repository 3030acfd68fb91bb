"""avrec in the browser: `streamlit run app.py`."""

import streamlit as st

from avrec.ui.resources import lifespan
from avrec.ui.routes import ROUTES

app = st.App("avrec/ui/main.py", lifespan=lifespan, routes=ROUTES)
