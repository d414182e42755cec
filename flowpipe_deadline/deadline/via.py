"""The connections to Deadline that there are, apart from what makes them: ``plan`` needs no more."""

VIAS = ("auto", "script", "webservice", "command")
VIA_VARIABLE = "FLOWPIPE_DEADLINE_VIA"
