"""Dashboard and alerts name metrics that exist. `contrib/monitoring/test` runs them."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import yaml
from prometheus_client.parser import text_string_to_metric_families

from tests.web.web_client import WebClient

FOLDER: Final = Path(__file__).parents[2] / "contrib" / "monitoring"
METRIC: Final = re.compile(r"\b(?:segued|process)_\w+")


def dashboard_expressions() -> Iterator[str]:
    """Yield the query of each panel."""
    dashboard: dict[str, Any] = json.loads((FOLDER / "dashboard.json").read_text())
    for panel in dashboard["panels"]:
        for target in panel["targets"]:
            yield target["expr"]


def alert_expressions() -> Iterator[str]:
    """Yield the condition of each alert."""
    alerts: dict[str, Any] = yaml.safe_load((FOLDER / "alerts.yml").read_text())
    for group in alerts["groups"]:
        for rule in group["rules"]:
            yield rule["expr"]


def test_all_metrics_exist(web_client: WebClient) -> None:
    """Also their labels, as far as these are written out."""
    body = web_client.request("GET", "/metrics").body.decode()
    families = list(text_string_to_metric_families(body))
    known = {each.name for each in families}
    known |= {f"{each.name}_total" for each in families if each.type == "counter"}
    known |= {sample.name for each in families for sample in each.samples}
    labels = {name for f in families for s in f.samples for name in s.labels}
    expressions = [*dashboard_expressions(), *alert_expressions()]

    used = {name for each in expressions for name in METRIC.findall(each)}
    used_labels = {
        label
        for each in expressions
        for names in re.findall(r"by \(([^)]*)\)|(\w+)(?:=|!=)\"", each)
        for part in names
        for label in re.findall(r"\w+", part)
    }

    assert used - known == set()
    # Prometheus adds the first two; no service is asked here, so none has samples.
    assert used_labels - labels <= {"job", "instance", "le", "service"}
    assert {"segued_files", "segued_folder_offline"} < used
