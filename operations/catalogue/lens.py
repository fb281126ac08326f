"""The lens over eBay's documents: typed as far as a value fits, refusing nothing, keeping what nobody knows."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Annotated, Any, TypeVar

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    PrivateAttr,
    ValidationError,
    WithJsonSchema,
    model_validator,
)

DIGITS = 38  # of an amount: 1e999999999 is a number too, and no memory holds it as a whole one
D = TypeVar("D", bound="EbayDocument")
# Absent, null and "not in this form" are one to the reader: None.
Text = str | None
Whole = int | None
Number = float | None
Flag = bool | None
When = AwareDatetime | None
Texts = list[str] | None
DecimalText = Annotated[Decimal, Field(max_digits=DIGITS), WithJsonSchema({"type": "string", "examples": ["120.00"]})]


class Part(BaseModel):
    """A part of what eBay sends, by eBay's own field names. Fields that are not named here stay, in `model_extra`."""

    model_config = ConfigDict(extra="allow", frozen=True, hide_input_in_errors=True, coerce_numbers_to_str=True, defer_build=True)


class EbayDocument(Part):
    """A whole document of eBay's. Nothing in it is refused: what came in another form than eBay documents is None, and in `misfits`."""

    _as_sent: dict[str, Any] = PrivateAttr(default_factory=dict)
    _misfits: tuple[str, ...] = PrivateAttr(default=())

    @property
    def as_sent(self) -> dict[str, Any]:
        """The JSON as it came, with all that this lens cannot show. To be read only."""
        return self._as_sent

    @property
    def misfits(self) -> tuple[str, ...]:
        """Where a value was in another form than eBay documents, such as `lineItems.0.quantity`. A row of a list is left out then."""
        return self._misfits

    @model_validator(mode="wrap")
    @classmethod
    def _as_far_as_it_fits(cls: type[D], value: Any, handler: ModelWrapValidatorHandler[D]) -> D:
        if isinstance(value, cls):
            return value
        try:
            found = handler(value)
            places: tuple[tuple[int | str, ...], ...] = ()
        except ValidationError as error:
            places = tuple(one["loc"] for one in error.errors(include_url=False, include_context=False, include_input=False))
            found = handler(_without(value, places))
        if isinstance(value, dict):
            found._as_sent, found._misfits = value, tuple(".".join(map(str, place)) for place in places)
        return found


def _without(value: Any, places: Iterable[tuple[int | str, ...]]) -> Any:
    """A copy without what stands at these places."""
    leaving: dict[int | str, Any] = {}
    for place in places:
        node = leaving
        for step in place:
            node = node.setdefault(step, {})
    return _pruned(value, leaving)


def _pruned(value: Any, leaving: dict[int | str, Any]) -> Any:
    if isinstance(value, dict):
        return {name: _pruned(one, leaving.get(name, {})) for name, one in value.items() if leaving.get(name) != {}}
    if isinstance(value, list):
        return [_pruned(one, leaving.get(row, {})) for row, one in enumerate(value) if leaving.get(row) != {}]
    return value


class Amount(Part):
    """Money. `value` is decimal text on the wire, with any number of decimals, and compares as a decimal: "120.0" is "120.00"."""

    value: DecimalText | None = None
    currency: Text = None  # ISO 4217
    convertedFromValue: DecimalText | None = None  # what the buyer paid, where it was converted
    convertedFromCurrency: Text = None


class NameAndValue(Part):
    """Such as what tells a variation from others: `Size`, `M`."""

    name: Text = None
    value: Text = None
