"""The names that stand in data: modalities, events, presets, stages. Always in this order."""

MODALITIES = ("visual", "audio", "speech", "caption", "meaning", "words", "crowd", "prior")
CONTENT_MODALITIES = MODALITIES[:6]
SEGMENT_MODALITIES = MODALITIES[:4]
VECTOR_MODALITIES = MODALITIES[:5]
EVENTS = ("view", "like", "dislike", "rating", "favourite", "share", "comment", "hide", "skip", "search")
SPOKEN_EVENTS = ("comment", "search")  # those whose text is kept
PRESETS = ("fast", "balanced", "thorough")
STAGES = ("decode", "segments", "speech", "audio", "pictures", "text", "index")
