"""Where the page scripts are: links and navigation name them here, by absolute path."""

from avrec.config import REPOSITORY

_FOLDER = REPOSITORY / "pages"
LIBRARY = str(_FOLDER / "library.py")
UPLOAD = str(_FOLDER / "upload.py")
CLIP = str(_FOLDER / "clip.py")
RECOMMEND = str(_FOLDER / "recommend.py")
USERS = str(_FOLDER / "users.py")
COMPARE = str(_FOLDER / "compare.py")
EVALUATE = str(_FOLDER / "evaluate.py")
SYSTEM = str(_FOLDER / "system.py")
