"""``python -m quote_engine``"""

from eventlog.service import run
from quote_engine.app import build
from quote_engine.handlers import SERVICE

if __name__ == "__main__":
    run(SERVICE, build)
