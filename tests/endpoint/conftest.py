"""These tests need a compiled server: only `make test-endpoint` asks for them."""

import os

collect_ignore = [] if os.environ.get("ENDPOINT_TESTS") else ["test_endpoint.py"]
