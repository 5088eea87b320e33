"""What every test begins with."""

import signal

# A suite under `nohup` ignores SIGHUP, and so would every process that it starts; tests send that signal.
signal.signal(signal.SIGHUP, signal.SIG_DFL)
