"""The one style block. Theme keys do most; classes `av-…` are for own markup only.

Only the first three rules touch Streamlit's own elements, for what has no theme key: side padding, the primary
button's background (white text on the dark accent misses 4.5:1), and the Why? panel that stays beside the list.
"""

from avrec.ui import palette
from avrec.ui.palette import light_dark

_INK, _MUTED, _BORDER = light_dark(palette.INK), light_dark(palette.MUTED), light_dark(palette.BORDER)
_ACCENT, _SURFACE = light_dark(palette.ACCENT), light_dark(palette.SURFACE)
_RED, _GREEN = light_dark(palette.RED), light_dark(palette.GREEN)
_TINT = "light-dark(#4F46E50D,#7C7AF21A)"

_STREAMLIT = """
[data-testid=stMainBlockContainer]{padding-left:1.75rem;padding-right:1.75rem}
[data-testid=stBaseButton-primary],[data-testid=stBaseButton-primaryFormSubmit]{background:light-dark(#4F46E5,#5A55E0);border-color:light-dark(#4F46E5,#5A55E0)}
@media(min-width:641px){[data-testid=stColumn]:has(.st-key-why){position:sticky;top:.75rem;align-self:flex-start}}
"""

_OWN = f"""
.av-mut{{color:{_MUTED}}} .av-num{{font-variant-numeric:tabular-nums}} .av-red{{color:{_RED}}}
.av-green{{color:{_GREEN}}} .av-cap{{font-size:11.5px;color:{_MUTED};line-height:1.45}}
.av-head{{display:flex;flex-wrap:wrap;align-items:baseline;gap:2px 12px;min-height:36px;padding-top:3px}}
.av-head h1{{font-size:22px;font-weight:600;line-height:1.25;margin:0;padding:0;letter-spacing:-.01em}}
.av-head span{{color:{_MUTED};font-size:14px}}
.av-h3{{font-size:13px;font-weight:600;margin:0}} .av-h3 span{{font-weight:400;font-size:12px;color:{_MUTED};
margin-left:6px}} .av-h2{{font-size:15px;font-weight:600;line-height:1.3;margin:0}}
.av-strip{{display:flex;border:1px solid {_BORDER};border-radius:6px;overflow-x:auto;min-height:52px}}
.av-strip>div{{flex:1 0 auto;padding:6px 14px 5px;border-left:1px solid {_BORDER};white-space:nowrap}}
.av-strip>div:first-child{{border-left:0}} .av-strip small{{display:block;font-size:11.5px;color:{_MUTED};
line-height:1.5}} .av-strip b{{font-size:16px;font-weight:600;line-height:1.35}}
.av-strip span{{font-size:12px;color:{_MUTED};margin-left:5px}}
.av-legend{{display:flex;flex-wrap:wrap;gap:2px 14px;font-size:12px;color:{_MUTED};align-items:center}}
.av-dot{{display:inline-block;width:8px;height:8px;border-radius:1.5px;margin-right:6px;flex:none}}
.av-bar{{position:relative;height:10px;background:{_SURFACE};overflow:hidden;min-width:0}}
.av-bar-small{{height:7px}} .av-bar i,.av-lane i{{position:absolute;top:0;bottom:0}}
.av-part{{background:{_MUTED}}} .av-zero{{width:1px;background:{_MUTED};opacity:.75}}
.av-chip{{display:inline-block;border:1px solid {_BORDER};border-radius:4px;padding:0 6px;font-size:11.5px;
line-height:18px;color:{_MUTED};white-space:nowrap;margin-right:4px}}
.av-chip-on{{border-color:{_ACCENT};color:{_ACCENT};background:{_TINT}}}
.av-chip-red{{border-color:{_RED};color:{_RED}}}
.av-chip-green{{border-color:{_GREEN};color:{_GREEN}}}
.av-thumb{{position:relative;overflow:hidden;border-radius:4px;background:{_SURFACE};aspect-ratio:16/9;flex:none}}
.av-thumb img{{width:100%;height:100%;object-fit:cover;display:block}}
.av-thumb .av-wave{{display:flex;align-items:center;justify-content:center;gap:3%;height:100%;padding:0 8%}}
.av-wave i{{flex:1;max-width:4px;border-radius:1px;background:{light_dark(palette.HUES["audio"])}}}
.av-plate{{position:absolute;background:rgba(16,18,22,.8);color:#fff;font-size:11px;line-height:16px;padding:0 5px;
border-radius:3px}} .av-br{{right:4px;bottom:4px}} .av-tr{{right:4px;top:4px}} .av-tl{{left:4px;top:4px}}
.av-card{{display:grid;grid-template-columns:34px 112px minmax(0,1fr) 62px;gap:0 12px;align-items:center;
min-height:64px}}
.av-rank{{text-align:center;font-size:15px;font-weight:600;line-height:1.3}} .av-rank small{{display:block;
font-size:11px;font-weight:400;color:{_MUTED};white-space:nowrap}}
.av-title{{font-size:14px;font-weight:600;line-height:1.35;white-space:nowrap;overflow:hidden;text-overflow:ellipsis}}
.av-why{{font-size:12.5px;color:{_MUTED};line-height:1.32;display:-webkit-box;-webkit-line-clamp:2;
-webkit-box-orient:vertical;overflow:hidden;margin-bottom:4px}}
.av-score{{text-align:right;font-size:16px;font-weight:600;line-height:1.3}} .av-score small{{display:block;
font-size:11.5px;font-weight:400;color:{_MUTED}}} .av-score-inline{{display:none}}
.av-row{{display:grid;grid-template-columns:62px minmax(0,1fr) 62px;gap:0 10px;align-items:center;padding:3px 0}}
.av-row .av-thumb{{width:62px}} .av-row .av-line{{font-size:13px;white-space:nowrap;overflow:hidden;
text-overflow:ellipsis;margin-bottom:3px}} .av-row>b{{text-align:right;font-size:13px;font-weight:600}}
.av-waterfall{{font-size:13px}} .av-wf{{display:grid;grid-template-columns:104px 96px minmax(0,1fr) 58px;gap:0 8px;
align-items:stretch;min-height:22px;line-height:22px}} .av-wf>b{{text-align:right;font-weight:600}}
.av-wf .av-mut{{font-size:11.5px;white-space:nowrap}} .av-lane{{position:relative}}
.av-lane:before{{content:"";position:absolute;left:var(--zero);top:0;bottom:0;border-left:1px solid {_BORDER}}}
.av-wf .av-lane .av-part{{top:5px;bottom:5px}} .av-lane .av-link{{top:16px;bottom:-6px;
border-left:1px dotted {_MUTED}}} .av-total{{border-top:1px solid {_BORDER};margin-top:2px}}
.av-wf.av-sub{{min-height:18px;line-height:18px;color:{_MUTED};font-size:12px}}
.av-sub>span:first-child{{padding-left:14px;white-space:nowrap;overflow:hidden;text-overflow:ellipsis}}
.av-sub .av-part{{opacity:.55}}
.av-wf.av-sub .av-lane .av-part{{top:6px;bottom:6px}} .av-sub>.av-num:last-child{{text-align:right}}
.av-lines .av-wf{{grid-template-columns:minmax(0,1.5fr) minmax(0,1fr) 58px}}
.av-lines .av-wf>span:first-child{{white-space:nowrap;overflow:hidden;text-overflow:ellipsis}}
.av-ink{{background:{_INK}}} .av-track{{background:linear-gradient({_SURFACE},{_SURFACE}) center/100% 10px no-repeat}}
.av-track:before{{display:none}}
.av-job{{display:grid;grid-template-columns:62px minmax(0,1fr) minmax(0,1.45fr) 100px;gap:0 10px;align-items:center;
min-height:40px;font-size:13px;line-height:1.35}} .av-job .av-thumb{{width:62px}}
.av-job-name b,.av-job-name small{{display:block;white-space:nowrap;overflow:hidden;text-overflow:ellipsis}}
.av-job-name b{{font-weight:600}} .av-job-name small{{font-size:11.5px}}
.av-job-state .av-chip{{font-size:11px;line-height:16px;padding:0 4px;margin:1px 3px 1px 0}}
.av-icon{{display:flex;align-items:center;justify-content:center;color:{_MUTED}}}
.av-icon>span{{font-family:"Material Symbols Rounded";font-size:18px;line-height:1}}
.av-fail{{font-size:13px;line-height:1.5;overflow-wrap:anywhere}} .av-fail summary{{color:{_MUTED};font-size:12px;
cursor:pointer}} .av-fail ul{{margin:2px 0 4px;padding-left:18px;max-height:180px;overflow-y:auto;font-size:12px}}
.av-fail li b{{font-weight:500}}
.av-steps{{font-size:13px;padding-bottom:2px}} .av-steps>div{{display:flex;align-items:center;gap:10px;
min-height:26px}} .av-step{{font-family:"Material Symbols Rounded";font-style:normal;font-size:18px;
line-height:1;color:{_MUTED}}} .av-turning{{color:{_ACCENT};animation:av-turn 1.2s linear infinite}}
@keyframes av-turn{{to{{transform:rotate(360deg)}}}}
@media(prefers-reduced-motion:reduce){{.av-turning{{animation:none}}}}
.av-watched{{font-size:13px;line-height:1.4;min-width:0}} .av-watched b,.av-watched small{{display:block;
overflow:hidden;text-overflow:ellipsis;white-space:nowrap}} .av-watched b{{font-weight:600}}
.av-watched small{{font-size:11.5px;color:{_MUTED}}}
.av-wf.av-pace{{grid-template-columns:64px minmax(0,1fr) 36px 44px}} .av-pace>:last-child{{text-align:right;
color:{_MUTED}}} .av-pace>b.av-num{{text-align:right}}
.av-gantt{{display:grid;grid-template-columns:150px minmax(0,1fr) 54px;gap:0 10px;align-items:center;font-size:12px}}
.av-gantt>span{{white-space:nowrap;overflow:hidden;text-overflow:ellipsis}} .av-gantt>.av-num{{text-align:right;
color:{_MUTED}}} .av-lane2{{position:relative;height:24px;background:linear-gradient({_SURFACE},{_SURFACE})
center/100% 20px no-repeat}} .av-lane2 i{{position:absolute}} .av-l0{{top:4px;height:8px}} .av-l1{{top:13px;height:7px}}
.av-b{{min-width:2px;border-radius:1px;box-shadow:1px 0 0 {_SURFACE}}} .av-live{{opacity:.55}}
.av-tick{{top:0;bottom:0;border-left:1px solid {_BORDER}}} .av-gap{{top:0;bottom:0;border-left:1px dotted {_MUTED}}}
.av-ticks{{position:relative;height:18px;font-size:11px;color:{_MUTED};font-variant-numeric:tabular-nums}}
.av-ticks span{{position:absolute;transform:translateX(-50%);top:2px}} .av-ticks span:first-child{{transform:none}}
.av-m-neutral{{background:light-dark(#888B97,#7C7B7E)}}
.av-wf>b:first-child{{text-align:left}} .av-drop{{grid-template-columns:minmax(0,1fr) 112px 84px;min-height:24px;
line-height:24px}} .av-drop>span:first-child{{white-space:nowrap;overflow:hidden;text-overflow:ellipsis}}
.av-duo{{display:flex;flex-wrap:wrap;gap:4px 22px}} .av-duo small{{display:block;font-size:11.5px;color:{_MUTED}}}
.av-duo b{{font-size:16px;font-weight:600}}
.av-columns{{display:grid;gap:6px 0;overflow-x:auto;padding-bottom:4px}}
.av-columns>img{{width:100%;display:block}} .av-column{{display:flex;flex-direction:column;gap:6px;min-width:0}}
.av-column-head{{font-size:13px;line-height:1.4;min-width:0}} .av-column-head b,.av-column-head small{{display:block;
white-space:nowrap;overflow:hidden;text-overflow:ellipsis}} .av-column-head b{{font-weight:600}}
.av-column-head small{{font-size:11.5px;color:{_MUTED}}}
.av-small{{display:grid;grid-template-columns:15px 44px minmax(0,1fr);gap:0 7px;align-items:center;height:52px;
box-sizing:border-box;border:1px solid {_BORDER};border-radius:6px;padding:0 7px;font-size:12.5px}}
.av-small>b{{text-align:center;font-weight:600}} .av-small .av-thumb{{width:44px}}
.av-small-title{{white-space:nowrap;overflow:hidden;text-overflow:ellipsis;line-height:1.4}}
.av-small-score{{display:grid;grid-template-columns:minmax(0,1fr) 40px;gap:6px;align-items:center}}
.av-small-score span{{font-size:11.5px;color:{_MUTED};text-align:right}}
.av-past{{display:grid;grid-template-columns:52px minmax(0,1fr);gap:0 10px;align-items:center;padding:3px 0;
font-size:13px;line-height:1.35}} .av-past .av-thumb{{width:52px}} .av-past small{{display:block;font-size:11.5px;
color:{_MUTED}}} .av-past b,.av-past small{{white-space:nowrap;overflow:hidden;text-overflow:ellipsis}}
.av-past b{{display:block;font-weight:600}}
.av-matrix{{border-collapse:separate;border-spacing:2px;font-size:12.5px}} .av-matrix th{{font-weight:400;
text-align:left;padding:2px 8px;white-space:nowrap;color:{_MUTED};max-width:150px;overflow:hidden;
text-overflow:ellipsis}} .av-matrix td{{text-align:center;min-width:74px;height:28px;border-radius:4px;
font-variant-numeric:tabular-nums;background:color-mix(in srgb,{_ACCENT} calc(var(--v)*42%),{_SURFACE})}}
.av-matrix td.av-self{{background:none;color:{_MUTED}}}
.av-twin{{display:grid;grid-template-columns:110px minmax(0,1fr) 44px;gap:0 8px;align-items:center;font-size:12.5px;
padding:2px 0}} .av-twin>span:first-child{{white-space:nowrap;overflow:hidden;text-overflow:ellipsis}}
.av-twin i{{display:block;height:6px;margin:1px 0;min-width:1px}} .av-twin small{{display:block;font-size:11px;
line-height:1.25;text-align:right;color:{_MUTED};font-variant-numeric:tabular-nums}}
.av-accent{{background:{_ACCENT}}}
.av-same{{display:grid;grid-template-columns:120px 84px minmax(0,1fr);gap:0 10px;align-items:center;font-size:13px;
padding:4px 0}} .av-same .av-small-title{{margin-bottom:3px}}
.av-same>span:first-child{{white-space:nowrap;overflow:hidden;text-overflow:ellipsis}}
.av-abl{{display:grid;grid-template-columns:92px 54px 64px minmax(0,1fr) 62px;gap:0 10px;align-items:center;
font-size:13px;min-height:27px;border-bottom:1px solid {_BORDER}}} .av-abl>:nth-child(2),.av-abl>:nth-child(3),
.av-abl>:nth-child(5){{text-align:right;font-variant-numeric:tabular-nums}} .av-abl b{{font-weight:600}}
.av-abl .av-lane{{height:20px}} .av-abl .av-lane:before{{border-color:{_MUTED}}} .av-abl .av-part{{top:5px;bottom:5px}}
.av-abl-head{{color:{_MUTED};font-size:12px}} .av-whisk{{background:{_INK};opacity:.75}}
.av-abl .av-lane .av-whisk{{top:9.5px;bottom:9.5px}}
.av-rate{{display:grid;grid-template-columns:minmax(0,1.3fr) 92px minmax(0,1fr) 108px;gap:0 10px;align-items:center;
font-size:13px;min-height:25px;border-bottom:1px solid {_BORDER}}} .av-rate>span:first-child{{white-space:nowrap;
overflow:hidden;text-overflow:ellipsis}} .av-rate>:last-child{{text-align:right;font-variant-numeric:tabular-nums}}
.av-rate .av-lane{{height:18px}} .av-rate .av-part{{top:5px;bottom:5px}} .av-rate .av-whisk{{top:8.5px;bottom:8.5px}}
[data-testid=stElementToolbarButton]:has([aria-label^="Download as CSV"]){{display:none}}
.av-status{{font-size:11.5px;line-height:1.6;color:{_MUTED}}}
[class*=st-key-job-]{{border-bottom:1px solid {_BORDER};padding-bottom:5px}}
[class*=st-key-cell-] a,[class*=st-key-job-] a{{padding-left:0;padding-right:0;background:none}}
[class*=st-key-cell-] button,[class*=st-key-near-] button{{min-height:22px}}
.av-p{{font-size:13px;line-height:1.45;margin:2px 0 8px;overflow-wrap:anywhere}}
.av-wf.av-label{{grid-template-columns:minmax(0,1fr) 72px 34px;font-size:13px}}
.av-label>span:first-child{{white-space:nowrap;overflow:hidden;text-overflow:ellipsis}}
.av-said{{font-size:13px;line-height:1.5;padding-top:8px;overflow-wrap:anywhere}} .av-sure{{font-size:12px;
line-height:1.5;padding-top:9px;display:block}} .av-unsure{{color:{_MUTED};border-bottom:1px dotted {_MUTED}}}
.av-fact{{display:grid;grid-template-columns:110px minmax(0,1fr);gap:0 8px;font-size:13px;line-height:1.5;
padding:2px 0}} .av-code{{font-size:11.5px;overflow-wrap:anywhere}}
.av-quote{{border-left:2px solid {_ACCENT};padding-left:10px;font-size:13px}}
.av-jump{{display:none;font-size:12px}}
@media(max-width:640px){{ .av-abl{{grid-template-columns:80px 42px 54px minmax(0,1fr) 40px;gap:0 6px;font-size:12px}}
.av-rate{{grid-template-columns:minmax(0,1fr) 86px 84px}} .av-rate>.av-lane{{display:none}}
.av-jump{{display:inline-block;padding-top:4px}}
.av-card{{grid-template-columns:22px 76px minmax(0,1fr);gap:0 8px}} .av-card>.av-score{{display:none}}
.av-card .av-title{{display:flex;justify-content:space-between;gap:8px;white-space:normal;font-size:13px}}
.av-score-inline{{display:inline;font-weight:600}} .av-wf{{grid-template-columns:100px 0 minmax(0,1fr) 54px}}
.av-wf .av-mut{{overflow:hidden}} .av-drop{{grid-template-columns:minmax(0,1fr) 104px 74px}}
.av-job{{grid-template-columns:62px minmax(0,1fr)}} .av-gantt{{grid-template-columns:84px minmax(0,1fr) 46px;gap:0 6px}}
.av-wf.av-pace{{grid-template-columns:64px minmax(0,1fr) 36px 44px}}
.av-job-state,.av-job-when{{grid-column:2}} .av-lines .av-wf{{grid-template-columns:minmax(0,1.2fr) minmax(0,1fr) 54px}}
.av-same{{grid-template-columns:84px 92px minmax(0,1fr)}} .av-pasts>*:nth-child(n+4){{display:none}}}}
"""


def _hues() -> str:
    rules = []
    for key, colour in [*palette.HUES.items(), *palette.PENALTIES.items()]:
        shade = light_dark(colour)
        rules.append(f".av-m-{key}{{background:{shade}}}")
        rules.append(
            f".av-m-{key}.av-neg{{background:repeating-linear-gradient(135deg,{shade} 0 2px,transparent 2px 4px);"
            f"box-shadow:inset 0 0 0 1px {shade}}}"
        )
    rules.append(f".av-selected,[class*=st-key-chosen-]{{border-color:{_ACCENT};background:{_TINT}}}")
    return "\n".join(rules)


CSS = f"<style>{_STREAMLIT}{_OWN}{_hues()}</style>"
