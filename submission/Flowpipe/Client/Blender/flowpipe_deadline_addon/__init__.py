"""The add-on for Blender: Render > Submit with Flowpipe…

It holds a proxy only. What the button does is in ``flowpipe_blender.py``, which comes from Deadline's repository and so
is always the studio's current one. Valid from Blender 3.0 (Python 3.9) on.
"""

import sys
import traceback
from typing import Any, Callable, Set

import bpy

from . import flowpipe_proxy

bl_info = {
    "name": "Flowpipe for Deadline",
    "description": "Submits the scene to a Deadline render farm",
    "author": "flowpipe-deadline",
    "version": (1, 0, 0),
    "blender": (3, 0, 0),
    "location": "Render > Submit with Flowpipe…",
    "category": "Render",
}


class FLOWPIPE_OT_submit(bpy.types.Operator):  # noqa: N801  (Blender wants this form)
    """Opens a dialog that shows what the farm will do, and submits the scene."""

    bl_idname = "flowpipe.submit"
    bl_label = "Submit with Flowpipe…"
    bl_description = "Open a dialog that shows what the render farm will do, and submit this scene"

    unsaved: bpy.props.EnumProperty(  # type: ignore[valid-type]
        name="Unsaved Changes",
        items=[
            ("SAVE", "Save", "Save the scene, and submit it"),
            ("NEW_VERSION", "Save New Version", "Save the scene under its next free version, and submit that"),
            ("AS_SAVED", "Submit as Saved on Disk", "Submit without the unsaved changes"),
        ],
        options={"SKIP_SAVE"},
    )

    def invoke(self, context: Any, event: Any) -> Set[str]:  # noqa: ARG002
        """Asks what to do about unsaved changes, if there are any."""

        def act(client: Any) -> Set[str]:
            self.question, answer = client.question()
            if not self.question:
                client.submit("AS_SAVED")
                return {"FINISHED"}
            self.unsaved = answer
            return set(context.window_manager.invoke_props_dialog(self, width=440))

        return self.execute(context) if bpy.app.background else self.guard(act)

    def draw(self, context: Any) -> None:  # noqa: ARG002
        """The question, and the answers to choose from; Blender adds OK and Cancel."""
        self.layout.label(text=self.question)
        self.layout.column().prop(self, "unsaved", expand=True)

    def execute(self, context: Any) -> Set[str]:  # noqa: ARG002
        """Submits; without a question, so that scripts can call it."""

        def act(client: Any) -> Set[str]:
            client.submit(self.unsaved)
            return {"FINISHED"}

        return self.guard(act)

    def guard(self, act: Callable[[Any], Set[str]]) -> Set[str]:
        """What ``act`` returns for the current client; an error is shown as one sentence."""
        try:
            return act(flowpipe_proxy.load("flowpipe_blender"))
        except Exception as error:
            text = str(error)
            if not isinstance(error, (flowpipe_proxy.ProxyError, client_error())):
                traceback.print_exc()
                text = "The submission failed; the console has more: {}: {}".format(type(error).__name__, error)
            self.report({"ERROR"}, text)
            return {"CANCELLED"}


def client_error() -> type:
    """The class of the client's errors for people; of nothing if the client has not been loaded."""
    return getattr(sys.modules.get("flowpipe_client"), "ClientError", flowpipe_proxy.ProxyError)


def draw_menu(menu: Any, context: Any) -> None:  # noqa: ARG001
    """The entry in the menu Render."""
    menu.layout.separator()
    menu.layout.operator(FLOWPIPE_OT_submit.bl_idname, icon="RENDER_ANIMATION")


def register() -> None:
    """Adds the operator and its menu entry; once, however often it is called."""
    unregister()
    bpy.utils.register_class(FLOWPIPE_OT_submit)
    bpy.types.TOPBAR_MT_render.append(draw_menu)


def unregister() -> None:
    """Removes the operator and its menu entry, if they are there."""
    bpy.types.TOPBAR_MT_render.remove(draw_menu)
    registered = getattr(bpy.types, FLOWPIPE_OT_submit.__name__, None)
    if registered is not None:
        bpy.utils.unregister_class(registered)
