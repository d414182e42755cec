"""Maya runs this at its start: the button of flowpipe-deadline appears once the windows are there.

Maya runs every ``userSetup.py`` that it finds, so this one does not stand in for the user's own.
"""


def _flowpipe_deadline_start() -> None:
    try:
        import flowpipe_shelf  # noqa: PLC0415  (an error in it must not end Maya's start)
        from maya import cmds  # noqa: PLC0415

        if not cmds.about(batch=True):
            cmds.evalDeferred(flowpipe_shelf.start, lowestPriority=True)
    except Exception as error:  # Maya starts without the button rather than not at all.
        print("flowpipe-deadline has no button in this Maya: {!r}".format(error))


_flowpipe_deadline_start()
del _flowpipe_deadline_start  # All of these files share one namespace.
