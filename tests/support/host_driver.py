"""A host application: it loads the client by the proxy, opens the dialog, and says what went wrong, if anything.

    python host_driver.py FOLDER-OF-THE-PROXY [FILE]

With a file, it ends as soon as that is there, as hosts do that are closed while the dialog is open. Run by the Pythons
of hosts: valid from 3.7.
"""

import json
import os
import sys
import time

sys.path.insert(0, sys.argv[1])

import flowpipe_proxy


def main():
    """Opens the dialog as a button would."""
    client = flowpipe_proxy.load("flowpipe_client")
    failures = []
    facts = {"scene": "/p/Bühne 1.ma", "frames": "1-100"}
    opening = client.open_dialog("maya", "2025", facts, warnings=["old textures"], on_failure=failures.append)
    if len(sys.argv) > 2:
        while not os.path.exists(sys.argv[2]):
            time.sleep(0.02)
        return
    opening.thread.join()
    print(json.dumps({"failures": failures, "python": "{}.{}".format(*sys.version_info)}))


main()
