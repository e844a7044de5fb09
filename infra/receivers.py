"""Where deliveries may be sent to, as the operator has set it."""

from collections.abc import Mapping
from ipaddress import ip_network

from infra.addresses import Network, Reach, Unfit
from infra.settings import Settings, SettingsInvalid

WRONG_URLS: Mapping[Unfit, str] = {
    "length": "Give a shorter address, of at most 2048 characters.",
    "malformed": "Give a whole address in ASCII, such as https://example.com/headway.",
    "scheme": "Give an address that begins with https://.",
    "user_info": "Leave user and password out of the address; deliveries are signed.",
    "no_host": "Give an address with a host.",
    "zone_id": "Leave the zone out of the address.",
    "literal_address": "Give a name instead of a number, or have the operator allow its network.",
    "local_name": "Give a name that the internet knows, or have the operator allow its network.",
    "port": "Give the port 443, or one of 1024 and above that no database listens on.",
}


def reach_of(settings: Settings) -> Reach:
    """Raises SettingsInvalid for what is no network."""
    return Reach(allowed=tuple(_networks(settings.webhook_networks)), plain_http=settings.webhook_plain_http)


def _networks(listed: str) -> list[Network]:
    try:
        return [ip_network(one.strip()) for one in listed.split(",") if one.strip()]
    except ValueError:
        raise SettingsInvalid(
            "Correct HEADWAY_WEBHOOK_NETWORKS: write networks as 10.1.0.0/16, separated by commas."
        ) from None
