"""The app's frame: style, navigation in named groups, status. Every page runs inside it.

Pages are given by absolute path: beside a relative `pages/` folder a cold deep link would bypass this script.
"""

import streamlit as st

from avrec.config import REPOSITORY
from avrec.ui import access, pages, theme, uploads, workspace
from avrec.ui.resources import attend, guard
from avrec.ui.status import status_lines

st.set_page_config(
    page_title="avrec",
    page_icon=str(REPOSITORY / "assets" / "mark.svg"),
    layout="wide",
    initial_sidebar_state=212,
)
st.html(theme.CSS)
st.logo(str(REPOSITORY / "assets" / "logo.svg"), size="medium", icon_image=str(REPOSITORY / "assets" / "mark.svg"))

access.come_in()

groups = {
    "Clips": [
        (pages.LIBRARY, "Library", "grid_view", "What is in the collection, and what needs attention."),
        (pages.UPLOAD, "Upload", "upload", "Add clips and watch them being understood."),
        (pages.CLIP, "Clip", "movie", "What happens in one clip, when, and how sure the models are."),
    ],
    "Recommend": [
        (pages.RECOMMEND, "Recommend", "recommend", "What a person would watch next, and what says so."),
        (pages.USERS, "Users", "group", "What a person likes, who is alike, and what may change it."),
    ],
    "Prove": [
        (pages.EVALUATE, "Evaluate", "leaderboard", "Which recommender ranks best, and which modality earns it."),
        (pages.COMPARE, "Compare", "compare", "Recommenders, people and clips side by side."),
    ],
    "Run": [
        (pages.SYSTEM, "System", "memory", "Models, jobs, versions and self-checks."),
    ],
}
navigation = st.navigation(
    {
        group: [st.Page(path, title=title, icon=f":material/{icon}:", help=text) for path, title, icon, text in entries]
        for group, entries in groups.items()
    },
    expanded=True,
)
workspace.carry_over(navigation.url_path)
attend()
with st.sidebar:
    status_lines()
with uploads.sweeping(), guard(whole=True):
    navigation.run()
