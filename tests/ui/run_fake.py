"""Serve the app over the fake engine, to look at pages: `python tests/ui/run_fake.py [port] [full|empty|one]`."""

import sys
import tempfile
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[2]), str(Path(__file__).resolve().parent)]


def main(port: str = "8599", size: str = "full") -> None:
    import av
    from fake_engine import FakeEngine
    from fake_library import NOW, STARTER, starter_clips
    from streamlit.web import bootstrap

    from avrec.ui import resources

    clips = starter_clips({"full": None, "empty": 0, "one": 1}[size])
    fake = FakeEngine(clips)
    folder = Path(tempfile.mkdtemp(prefix="avrec-fake-"))
    for clip in clips:
        if clip.info.kind == "video":
            with av.open(str(STARTER / clip.file_name)) as container:
                frame = next(container.decode(video=0))
                frame.to_image().resize((320, 180)).save(folder / f"{clip.clip_id}.jpg")
    fake.media_folder = folder
    if clips:
        done = {"stages_done": ("decode", "segments"), "stage": "speech", "progress": 0.4, "seconds_left": 11.0}
        fake.put_job(job_id="a", title="Rocket launch", state="running", **done)
        fake.put_job(job_id="b", title="A temple", state="queued", created_at=NOW)
        fake.put_job(
            job_id="c",
            file_name="cut.mp4",
            title="Cut off",
            state="failed",
            reason="cut.mp4: it ends early. Export it again.",
        )
        fake.put_job(job_id="d", title="Cat", state="done", outcome="done", clip_id=clips[0].clip_id)
    resources.hold(fake)
    bootstrap.load_config_options({"server.port": int(port), "server.headless": True})
    import os

    from streamlit.web import cli

    os.chdir(Path(__file__).resolve().parents[2])
    cli.main(["run", "app.py", "--server.port", port, "--server.headless", "true"], standalone_mode=False)


if __name__ == "__main__":
    main(*sys.argv[1:])
