# SPDX-License-Identifier: Apache-2.0
"""Before anything starts, all settings are checked: the service's, PostgreSQL's and Grafana's."""

import pytest

from app.check_settings import check_settings, main
from app.settings import SettingsError
from tests.unit.test_settings import STAGING, STRONG

COMPLETE = STAGING | {"GF_ADMIN_PASSWORD": f"g-{STRONG}", "ALERT_EMAIL": "oncall@lender.example"}
GRAFANA = "GF_ADMIN_PASSWORD: a secret of its own is expected outside dev"
EMAIL = "ALERT_EMAIL: the address that gets the mail of Grafana's alerts is expected outside dev"


def test_development_needs_nothing() -> None:
    check_settings({})


@pytest.mark.parametrize("environment", ["staging", "production"])
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"GF_ADMIN_PASSWORD": ""}, GRAFANA),
        ({"GF_ADMIN_PASSWORD": "loan-dev-grafana"}, f"{GRAFANA}, at least 16 characters and no default"),
        (
            {"GF_ADMIN_PASSWORD": "", "GF_ADMIN_PASSWORD_FILE": "/none"},
            "GF_ADMIN_PASSWORD_FILE: a readable text file is expected",
        ),
        ({"ALERT_EMAIL": ""}, EMAIL),
        ({"API_PORT": "x", "ALERT_EMAIL": "nobody"}, f"API_PORT: a whole number from 0 to 65535 is expected; {EMAIL}"),
    ],
)
def test_what_is_wrong_is_named_also_where_the_service_does_not_read_it(
    environment: str, change: dict[str, str], message: str
) -> None:
    assert check_settings(COMPLETE | {"APP_ENV": environment}).environment == environment

    with pytest.raises(SettingsError) as refusal:
        check_settings(COMPLETE | {"APP_ENV": environment} | change)

    assert str(refusal.value) == message


def test_the_command_prints_it_in_one_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    for name, value in COMPLETE.items():
        monkeypatch.setenv(name, value)
    main()
    assert capsys.readouterr() == ("", "")

    monkeypatch.setenv("GF_ADMIN_PASSWORD", "loan-dev-grafana")
    with pytest.raises(SystemExit) as end:
        main()

    assert end.value.code == 2
    assert capsys.readouterr() == ("", f"{GRAFANA}, at least 16 characters and no default\n")
