"""HealthChain's CDS server with a trivial handler. Runs in an environment of its own, where nothing else of ours is.

python benchmarks/healthchain_service.py --port 8090
"""

from __future__ import annotations

import argparse
import importlib
from typing import Any


def application() -> Any:
    """Its application with one service, which answers every request with one card."""
    gateway: Any = importlib.import_module("healthchain.gateway")
    responses: Any = importlib.import_module("healthchain.models.responses.cdsresponse")
    config: Any = importlib.import_module("healthchain.gateway.cds").CDSHooksConfig(base_path="")
    service = gateway.CDSHooksService(config=config)

    @service.hook("patient-view", id="oncology-patient-view")  # type: ignore[untyped-decorator]
    def answer(request: Any) -> Any:
        return responses.CDSResponse(cards=[CARD])

    app = gateway.HealthChainAPI()
    app.register_service(service, path="")
    return app


CARD = {"summary": "A card", "indicator": "info", "source": {"label": "Benchmark"}, "detail": "The same for everybody."}


def main() -> None:
    """Serve until stopped: one process, as its documentation starts it."""
    parser = argparse.ArgumentParser(description="HealthChain's CDS server with a trivial handler")
    parser.add_argument("--port", type=int, required=True)
    uvicorn: Any = importlib.import_module("uvicorn")
    uvicorn.run(application(), host="127.0.0.1", port=parser.parse_args().port, log_level="warning")


if __name__ == "__main__":
    main()
