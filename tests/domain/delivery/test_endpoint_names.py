"""What an endpoint may be called."""

from __future__ import annotations

import pytest

from domain.delivery.names import WrongEndpointNameError, checked_endpoint_name


@pytest.mark.parametrize("name", ["shop", "Shop-App_2.eu", "7", "a" * 60])
def test_letters_digits_dots_dashes_and_underscores_are_a_name(name: str) -> None:
    assert checked_endpoint_name(f" {name} ") == name


@pytest.mark.parametrize("name", ["", "  ", "my shop", "-shop", "a" * 61, "ep-1f2e3d4c", "EP-shop", "größe", "متجر", "a/b", "shop\x00"])
def test_what_a_shell_an_address_or_a_reader_would_mistake_is_none(name: str) -> None:
    with pytest.raises(WrongEndpointNameError, match="such as shop-app"):
        checked_endpoint_name(name)
