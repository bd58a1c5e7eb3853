"""``python -m voice_bridge``"""

from eventlog.service import run
from voice_bridge.app import build
from voice_bridge.handlers import SERVICE

if __name__ == "__main__":
    run(SERVICE, build)
