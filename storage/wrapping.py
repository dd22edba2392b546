"""What wraps the keys of a deployment, as its settings say."""

from collections.abc import Mapping

from schemas.settings import Settings
from schemas.wrapping import Passphrase, Wrapping
from storage.s3.kms import Kms
from storage.secrets import resolve


def wrapping_of(settings: Settings, environment: Mapping[str, str]) -> Wrapping:
    """Whoever opens the keyring and the ledgers' keys.

    Raises:
        SettingsError: The reference to the passphrase leads nowhere.
    """
    if settings.wrapping == "kms":
        return Kms({place.region: place.location for place in settings.regions})
    return Passphrase(resolve(settings.passphrase, environment))
