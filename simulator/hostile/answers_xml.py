"""What a hostile eBay does to Trading's XML. None of it is in the ledger: the next answer may be true."""

import re
from random import Random

from simulator.answers import Answer
from simulator.hostility import Hostility
from simulator.requests import Request

ITEM = re.compile("<Item>.*?</Item>", re.DOTALL)
ENTRIES = re.compile("<TotalNumberOfEntries>([0-9]+)<")
FUTURE = '<Future xmlns:x="urn:x" x:a="1"><Deep><Item>?</Item></Deep><x:Quantity>7</x:Quantity></Future><!-- new --><?next step?>'
WARNING = (
    "<Errors><ShortMessage>This version is out of date.</ShortMessage><LongMessage>Some fields will be gone.</LongMessage>"
    "<ErrorCode>21920149</ErrorCode><SeverityCode>Warning</SeverityCode><ErrorClassification>RequestError</ErrorClassification></Errors>"
)
ENTITIES = "".join(f'<!ENTITY e{k + 1} "{f"&e{k};" * 10}">' for k in range(9))
BOMB = f'<!DOCTYPE bomb [<!ENTITY e0 "{"boom" * 8}">{ENTITIES}]>\n'  # 3.2e10 letters


def spoil(hostility: Hostility, request: Request, answer: Answer) -> None:
    """Failures stay as they are."""
    seller, about, text = request.seller, (request.resource, request.number), answer.body
    if not isinstance(text, str) or "<Ack>Success</Ack>" not in text:
        return
    if request.call == "GetSellerEvents" and (rng := hostility.hits("more_items", seller, *about)):
        text = (
            _with_gaps(text, rng)
            .replace("<HasMoreItems>true</HasMoreItems>", "")
            .replace("</ItemArray>", "</ItemArray><HasMoreItems>true</HasMoreItems>")
        )
    if request.call == "GetMyeBaySelling" and (rng := hostility.hits("wrong_total", seller, *about)):
        more = rng.randint(1, 9)
        text = ENTRIES.sub(lambda match: f"<TotalNumberOfEntries>{int(match[1]) + more}<", text)
    if hostility.hits("unknown_xml", seller, *about):
        text = text.replace("<Ack>", f"{FUTURE.replace('<Item>?</Item>', '?')}<Ack>").replace("</Item>", f"{FUTURE}</Item>")
    if hostility.hits("warnings", seller, *about):
        text = text.replace("<Ack>Success</Ack>", f"<Ack>Warning</Ack>{WARNING}")
    if hostility.hits("huge_xml", seller, *about):
        text = text.replace("<Version>", f"<Notes>{'x' * hostility.huge_bytes}</Notes><Version>")
    if hostility.hits("xml_bomb", seller, *about):
        head, line, rest = text.partition("\n")
        text = head + line + BOMB + rest.replace("<Version>", "<Notes>&e9;</Notes><Version>")
    answer.body = text


def _with_gaps(text: str, rng: Random) -> str:
    return ITEM.sub(lambda match: "" if rng.random() < 0.5 else match[0], text)
