"""``python -m quote_engine``"""

from eventlog.service import run
from quote_engine.app import SERVICE, build

if __name__ == "__main__":
    run(SERVICE, build)
