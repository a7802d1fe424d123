#!/usr/bin/env python3
"""Canonical events (firn.event/1) and their digests, from the documents alone.

Shares nothing with the engine: written from the description of the form, with the standard library only. Reads EPCIS 1.2 XML,
2.0 XML and 2.0 JSON, and prints one JSON object per event, {"event", "event_hash", "canonical"}, as `firn check --events` does
(without "ni"). It judges nothing: an identifier that breaks a rule stays as it was sent, a time that is none too.

usage: epcis_events.py FILE...      exit 0, or 2 where a file or an event could not be read
       epcis_events.py --names FILE...   with "file" in every object
"""

import codecs
import hashlib
import json
import re
import sys
import urllib.parse
import xml.etree.ElementTree as ElementTree
from datetime import datetime, timedelta, timezone
from io import BytesIO

EVENT_TYPES = ("ObjectEvent", "AggregationEvent", "TransactionEvent", "TransformationEvent", "AssociationEvent")
EPCIS_SPACES = ("urn:epcglobal:epcis:xsd:1", "urn:epcglobal:epcis:xsd:2", "urn:epcglobal:epcis-query:xsd:1", "urn:epcglobal:epcis-query:xsd:2")
XSI = "http://www.w3.org/2001/XMLSchema-instance"
ILMD_SPACE = "urn:epcglobal:cbv:mda"

# Prefixes of the EPCIS context, which a document may use without saying them again.
CONTEXT = {
    "cbv": "https://ref.gs1.org/cbv/",
    "gs1": "https://gs1.org/voc/",
    "cbvmda": "urn:epcglobal:cbv:mda:",
    "epcis": "https://ref.gs1.org/epcis/",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "owl": "http://www.w3.org/2002/07/owl#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
    "dcterms": "http://purl.org/dc/terms/",
}

# Lists of a document: (field, role).
EPC_LISTS = (("epcList", "item"), ("childEPCs", "child"), ("inputEPCList", "input"), ("outputEPCList", "output"))
CLASS_LISTS = (("quantityList", "item"), ("childQuantityList", "child"), ("inputQuantityList", "input"), ("outputQuantityList", "output"))
REPORT_DECIMALS = ("value", "minValue", "maxValue", "meanValue", "sDev", "percRank", "percValue")
REPORT_WORDS = ("type", "exception", "component")
REPORT_IDS = ("deviceID", "deviceMetadata", "rawData", "dataProcessingMethod", "microorganism", "chemicalSubstance", "uriValue", "bizRules", "coordinateReferenceSystem")
METADATA_IDS = ("deviceID", "deviceMetadata", "rawData", "dataProcessingMethod", "bizRules")


class Bad(Exception):
    """The file is not an EPCIS document that can be read."""


# ---------------------------------------------------------------- identifiers

def check_digit(body):
    """The digit that makes `body` a GS1 key: weights 3, 1, 3, ... from the right."""
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(body)))
    return str((10 - total % 10) % 10)


def with_check(body):
    return body + check_digit(body)


def escape(text):
    """A decoded serial or lot as a segment of a Digital Link."""
    return urllib.parse.quote(text, safe="'-._;=~$@")


def unescape(text):
    return urllib.parse.unquote(text)


def gtin_of(prefix, item):
    return with_check(item[0] + prefix + item[1:])


def link(*segments):
    return "https://id.gs1.org/" + "/".join(segments)


def from_urn(text):
    """Digital Link of an EPC URN; None where it is none that has one."""
    found = re.fullmatch(r"[Uu][Rr][Nn]:[Ee][Pp][Cc]:(id|class|idpat):([a-z]+):(.+)", text)
    if not found:
        return None
    kind, scheme, rest = found.groups()
    parts = rest.split(".")
    if len(parts) < 2 or not re.fullmatch(r"[0-9]{6,12}", parts[0]):
        return None
    prefix, reference = parts[0], parts[1]
    tail = ".".join(parts[2:])
    pattern = kind == "idpat"
    digits = re.fullmatch(r"[0-9]*", reference) is not None

    def sized(length):
        return digits and len(prefix) + len(reference) == length

    if scheme in ("sgtin", "lgtin", "upui", "itip"):
        if not sized(13):
            return None
        gtin = gtin_of(prefix, reference)
        if scheme == "itip":
            piece, total, serial = (parts[2:] + ["", "", ""])[:3] if len(parts) == 5 else ("", "", "")
            if not re.fullmatch(r"[0-9]{2}", piece) or not re.fullmatch(r"[0-9]{2}", total):
                return None
            return link("8006", gtin + piece + total) if pattern and serial == "*" else link("8006", gtin + piece + total, "21", escape(unescape(serial)))
        if pattern and tail == "*":
            return link("01", gtin)
        if not tail:
            return None
        return link("01", gtin, {"sgtin": "21", "lgtin": "10", "upui": "235"}[scheme], escape(unescape(tail)))
    if scheme == "sscc":
        return link("00", with_check(reference[0] + prefix + reference[1:])) if sized(17) and not tail else None
    if scheme == "sgln":
        if not sized(12) or not tail:
            return None
        gln = with_check(prefix + reference)
        return link("414", gln) if tail in ("0", "*") else link("414", gln, "254", escape(unescape(tail)))
    if scheme == "pgln":
        return link("417", with_check(prefix + reference)) if sized(12) and not tail else None
    if scheme in ("grai", "gdti", "sgcn"):
        if not sized(12):
            return None
        key, lead = {"grai": ("8003", "0"), "gdti": ("253", ""), "sgcn": ("255", "")}[scheme]
        serial = "" if pattern and tail == "*" else escape(unescape(tail))
        return link(key, lead + with_check(prefix + reference) + serial)
    if scheme in ("gsrn", "gsrnp"):
        return link({"gsrn": "8018", "gsrnp": "8017"}[scheme], with_check(prefix + reference)) if sized(17) else None
    if scheme == "gsin":
        return link("402", with_check(prefix + reference)) if sized(16) else None
    if scheme in ("giai", "ginc"):
        return link({"giai": "8004", "ginc": "401"}[scheme], prefix + escape(unescape(".".join(parts[1:]))))
    if scheme == "cpi":
        head = link("8010", prefix + escape(unescape(reference)))
        return head if pattern and tail == "*" else head + "/8011/" + escape(unescape(tail))
    return None


SHORT_NAMES = {
    "gtin": "01", "ser": "21", "lot": "10", "cpv": "22", "tpx": "235", "sscc": "00", "gln": "414", "glnx": "254", "party": "417", "grai": "8003",
    "giai": "8004", "gdti": "253", "itip": "8006", "cpid": "8010", "cpsn": "8011", "gsrn": "8018", "gsrnp": "8017", "gcn": "255", "ginc": "401", "gsin": "402", "refno": "8020", "srin": "8019",
}
QUALIFIERS = {
    "01": ("22", "10", "21", "235"), "00": (), "414": ("254",), "417": (), "8003": (), "8004": (), "253": (), "255": (), "401": (), "402": (),
    "8006": ("22", "10", "21"), "8010": ("8011",), "8017": ("8019",), "8018": ("8019",),
}


def from_link(text):
    """The constrained canonical form of a GS1 Digital Link on any host; None where it is none."""
    found = re.fullmatch(r"https?://[^/?#]+(/[^?#]*)(\?[^#]*)?(#.*)?", text, re.I)
    if not found:
        return None
    segments = found.group(1).split("/")[1:]
    if segments and segments[-1] == "":
        segments.pop()
    for start in range(len(segments) % 2, len(segments), 2):
        names = [SHORT_NAMES.get(name, name) for name in segments[start::2]]
        values = [unescape(value) for value in segments[start + 1::2]]
        if names[0] not in QUALIFIERS or any(name not in QUALIFIERS[names[0]] for name in names[1:]):
            continue
        key, value = names[0], values[0]
        further = dict(zip(names[1:], values[1:]))
        if key == "01":
            if not re.fullmatch(r"[0-9]{8}|[0-9]{12,14}", value):
                return None
            value = value.rjust(14, "0")
            for finest in ("235", "21", "10"):
                if finest in further:
                    return link("01", value, finest, escape(further[finest]))
            return link("01", value)
        if key == "8006":
            for finest in ("21", "10"):
                if finest in further:
                    return link(key, escape(value), finest, escape(further[finest]))
        if key == "414" and "254" in further:
            return link(key, escape(value)) if further["254"] == "0" else link(key, escape(value), "254", escape(further["254"]))
        if key == "8010" and "8011" in further:
            return link(key, escape(value), "8011", escape(further["8011"]))
        if key == "8003" and not re.fullmatch(r"0[0-9]{13}.{0,16}", value):
            return None
        return link(key, escape(value))
    return None


def identifier(text):
    if text is None:
        return None
    return from_urn(text) or from_link(text) or text


# ---------------------------------------------------------------- values

def instant(text):
    """UTC with milliseconds; the fourth digit rounds half up. As it was sent where it is no time."""
    found = re.fullmatch(r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]+))?(Z|[+-][0-9]{2}:[0-9]{2})", text)
    if not found:
        return text
    whole, fraction, zone = found.groups()
    try:
        time = datetime.strptime(whole, "%Y-%m-%dT%H:%M:%S").replace(tzinfo=timezone.utc)
        digits = ((fraction or "") + "0000")[:4]
        time += timedelta(milliseconds=int(digits[:3]) + (1 if digits[3] >= "5" else 0))
        if zone != "Z":
            minutes = int(zone[1:3]) * 60 + int(zone[4:6])
            time -= timedelta(minutes=minutes if zone[0] == "+" else -minutes)
    except (ValueError, OverflowError):
        return text
    return time.strftime("%Y-%m-%dT%H:%M:%S").rjust(19, "0") + ".%03dZ" % (time.microsecond // 1000)


def decimal(text):
    """Exact digits, no sign +, no exponent, no zeros that say nothing."""
    found = re.fullmatch(r"([+-]?)([0-9]*)(?:\.([0-9]*))?(?:[eE]([+-]?[0-9]+))?", text)
    if not found or not (found.group(2) or found.group(3)):
        return text
    sign, whole, fraction, power = found.group(1), found.group(2) or "", found.group(3) or "", int(found.group(4) or 0)
    if abs(power) > 400:
        return text
    digits, point = whole + fraction, len(whole) + power
    if point < 0:
        digits, point = "0" * -point + digits, 0
    digits = digits.ljust(point, "0")
    whole, fraction = digits[:point].lstrip("0") or "0", digits[point:].rstrip("0")
    number = whole + ("." + fraction if fraction else "")
    return "-" + number if sign == "-" and number != "0" else number


CBV_URN = re.compile(r"urn:epcglobal:cbv:(bizstep|disp|btt|sdt|er):(.+)")
CBV_WEB = re.compile(r"https?://(?:ref|ns)\.gs1\.org/(?:cbv|voc)/(BizStep|Disp|BTT|SDT|ER|Comp)-(.+)")
VOC_WEB = re.compile(r"https?://(?:ref\.)?gs1\.org/voc/(.+)")


def expand(text, scope):
    """A CURIE with the prefixes in scope; other text as it is."""
    prefix, colon, local = text.partition(":")
    if not colon or prefix not in scope or local.startswith("//"):
        return text
    # XML namespaces often leave out the separator that the JSON-LD context writes: the two are one.
    space = scope[prefix]
    return space + ("" if space[-1:] in (":", "/", "#") else ":" if space.startswith("urn:") else "/") + local


def word(text, scope):
    if text is None:
        return None
    text = expand(text, scope)
    found = CBV_URN.fullmatch(text) or CBV_WEB.fullmatch(text)
    if found:
        return found.group(2)
    found = VOC_WEB.fullmatch(text)
    return found.group(1) if found else text


def trim_space(namespace):
    return namespace[:-1] if namespace[-1:] in (":", "/", "#") else namespace


# ---------------------------------------------------------------- extensions

def node(name, value, children, path=""):
    return {"c": sorted_nodes(children), "n": name, "p": path, "v": value}


def sorted_nodes(nodes):
    return sorted(nodes, key=lambda one: (one["p"].encode(), one["n"].encode(), one["v"].encode(), canonical_json(one["c"]).encode()))


def canonical_json(value):
    """RFC 8785 of strings, lists, objects, null and small integers, which is all that the form has."""
    return json.dumps(ordered(value), ensure_ascii=False, separators=(",", ":"))


def ordered(value):
    if isinstance(value, dict):
        return {name: ordered(value[name]) for name in sorted(value, key=lambda key: key.encode("utf-16-be"))}
    return [ordered(one) for one in value] if isinstance(value, list) else value


# ---------------------------------------------------------------- JSON

class Number(str):
    """The digits of a JSON number as they were written."""


class JsonEvent:
    def __init__(self, members, scope):
        self.members, self.scope = members, dict(scope)
        self.scope.update(prefixes(members.get("@context")))
        self.type = members.get("type", members.get("isA"))

    def text(self, name, members=None):
        value = (self.members if members is None else members).get(name)
        return None if value is None or isinstance(value, (dict, list)) else plain(value)

    def items(self, name, members=None):
        value = (self.members if members is None else members).get(name)
        return value if isinstance(value, list) else [] if value is None else [value]

    def part(self, name, members=None):
        value = (self.members if members is None else members).get(name)
        return value if isinstance(value, dict) else None

    def listed(self, name):
        return [plain(value) for value in self.items(name)]

    def typed(self, name, item):
        return [(self.text("type", one), self.text(item, one)) for one in self.items(name) if isinstance(one, dict)]

    def quantities(self, name):
        return [[self.text(key, one) for key in ("epcClass", "quantity", "uom")] for one in self.items(name) if isinstance(one, dict)]

    def place(self, name):
        part = self.part(name)
        return (self.text("id", part), self.extensions(part, path=name)) if part else (None, [])

    def extensions(self, members, path="", every=False):
        nodes = []
        for name, value in (members or {}).items():
            if name in ("@context", "rdfs:comment", "comment") or (":" not in name and not every):
                continue
            for one in value if isinstance(value, list) else [value]:
                nodes.append(self.extension(name, one, path))
        return nodes

    def extension(self, name, value, path):
        prefix, colon, local = name.partition(":")
        full = "{}" + name
        if colon:
            space = self.scope.get(prefix)
            if space is not None:
                full = "{" + trim_space(space) + "}" + local
            elif iri := re.fullmatch(r"((?:urn:|[A-Za-z][A-Za-z0-9+.-]*://).*[:/#])(.+)", name, re.S):
                full = "{" + trim_space(iri.group(1)) + "}" + iri.group(2)
        if isinstance(value, dict) and "@value" in value:
            value = value["@value"]
        if isinstance(value, dict):
            return node(full, "", self.extensions(value, every=True), path)
        return node(full, "null" if value is None else plain(value), [], path)

    def ilmd(self):
        part = self.part("ilmd")
        return [] if part is None else self.extensions(part)

    def declaration(self):
        part = self.part("errorDeclaration")
        if part is None:
            return None
        return self.text("declarationTime", part), self.text("reason", part), [plain(one) for one in self.items("correctiveEventIDs", part)], self.extensions(part)

    def dispositions(self, name):
        part = self.part("persistentDisposition")
        return [plain(one) for one in self.items(name, part)] if part else []

    def sensors(self):
        made = []
        for element in self.items("sensorElementList"):
            meta = self.part("sensorMetadata", element)
            reports = [(self.fields(one), self.extensions(one)) for one in self.items("sensorReport", element)]
            made.append((None if meta is None else (self.fields(meta), self.extensions(meta)), reports, self.extensions(element)))
        return made

    def fields(self, members):
        return {name: plain(value) for name, value in members.items() if ":" not in name and not isinstance(value, (dict, list))}


def plain(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.strip(" \t\r\n") if isinstance(value, str) else str(value)


def prefixes(context):
    """Prefix maps said in a document; contexts named by an address are not fetched."""
    found = {}
    for one in context if isinstance(context, list) else [context]:
        if isinstance(one, dict):
            found.update({name: value for name, value in one.items() if isinstance(value, str) and not name.startswith("@")})
    return found


def json_events(text):
    try:
        document = json.loads(text, parse_float=Number, parse_int=Number)
    except (ValueError, RecursionError) as error:
        raise Bad(f"no JSON: {error}") from error
    if not isinstance(document, dict):
        raise Bad("no object")
    scope = dict(CONTEXT)
    scope.update(prefixes(document.get("@context")))
    if document.get("type") in EVENT_TYPES:
        return [JsonEvent(document, scope)]
    found = document.get("epcisBody")
    for name in ("queryResults", "resultsBody"):
        found = found.get(name, found) if isinstance(found, dict) else None
    events = found.get("eventList") if isinstance(found, dict) else None
    return [JsonEvent(one, scope) if isinstance(one, dict) else None for one in events or []]


# ---------------------------------------------------------------- XML

class XmlEvent:
    def __init__(self, element, scopes):
        self.element, self.scope = element, scopes[element]
        self.type = local_name(element)
        self.children = flattened(element)

    def find(self, name, children=None):
        return next((one for one in (self.children if children is None else children) if own_name(one) == name), None)

    def text(self, name):
        return text_of(self.find(name))

    def below(self, name):
        found = self.find(name)
        return [] if found is None else flattened(found)

    def listed(self, name):
        return [text_of(one) for one in self.below(name)]

    def typed(self, name, item):
        return [(one.get("type"), text_of(one)) for one in self.below(name) if own_name(one) == item]

    def quantities(self, name):
        return [[text_of(self.find(key, flattened(one))) for key in ("epcClass", "quantity", "uom")] for one in self.below(name)]

    def place(self, name):
        found = self.find(name)
        return (None, []) if found is None else (text_of(self.find("id", flattened(found))), self.extensions(found, name))

    def extensions(self, host, path=""):
        return [xml_node(one, path) for one in flattened(host) if own_name(one) is None] + [
            node(expanded_name(name), value.strip(), [], path) for name, value in host.attrib.items() if name.startswith("{") and not name.startswith("{" + XSI)
        ]

    def ilmd(self):
        found = self.find("ilmd")
        return [] if found is None else [xml_node(one, "") for one in found]

    def declaration(self):
        found = self.find("errorDeclaration")
        if found is None:
            return None
        children = flattened(found)
        return text_of(self.find("declarationTime", children)), text_of(self.find("reason", children)), [
            text_of(one) for one in (self.find("correctiveEventIDs", children) or [])], self.extensions(found)

    def dispositions(self, name):
        return [text_of(one) for one in self.below("persistentDisposition") if own_name(one) == name]

    def sensors(self):
        made = []
        for element in self.below("sensorElementList"):
            children = flattened(element)
            meta = self.find("sensorMetadata", children)
            reports = [(attributes(one), self.extensions(one)) for one in children if own_name(one) == "sensorReport"]
            made.append((None if meta is None else (attributes(meta), self.extensions(meta)), reports, self.extensions(element)))
        return made


def attributes(element):
    return {name: value.strip() for name, value in element.attrib.items() if not name.startswith("{")}


def local_name(element):
    return element.tag.rpartition("}")[2]


def own_name(element):
    """Name of an element of EPCIS itself, with or without its namespace; None for one of somebody else's."""
    space, _, local = element.tag.rpartition("}")
    return local if space == "" or space[1:] in EPCIS_SPACES else None


def expanded_name(tag):
    space, _, local = tag.rpartition("}")
    return "{" + trim_space(space[1:]) + "}" + local


def flattened(element):
    """Children, with those of the wrappers `extension` and `baseExtension` in their place."""
    found = []
    for one in element:
        if own_name(one) in ("extension", "baseExtension"):
            found.extend(flattened(one))
        else:
            found.append(one)
    return found


def text_of(element):
    return None if element is None else "".join(element.itertext()).strip(" \t\r\n")


def xml_node(element, path):
    children = [xml_node(one, "") for one in element]
    children += [node(expanded_name(name), value.strip(), [], "") for name, value in element.attrib.items() if not name.startswith("{" + XSI)]
    value = ((element.text or "") + "".join(one.tail or "" for one in element)).strip(" \t\r\n")
    return node(expanded_name(element.tag), value, children, path)


def xml_events(data):
    scopes, stack, root = {}, [{"gs1": CONTEXT["gs1"], "cbv": CONTEXT["cbv"]}], None
    fresh = {}
    try:
        for happening, item in ElementTree.iterparse(BytesIO(data), events=("start", "end", "start-ns")):
            if happening == "start-ns":
                fresh[item[0]] = item[1]
            elif happening == "start":
                stack.append({**stack[-1], **fresh} if fresh else stack[-1])
                fresh = {}
                scopes[item] = stack[-1]
                root = item if root is None else root
            else:
                stack.pop()
    except ElementTree.ParseError as error:
        raise Bad(f"no XML: {error}") from error
    if local_name(root) in EVENT_TYPES:
        return [XmlEvent(root, scopes)]
    events = next((one for one in root.iter() if own_name(one) == "EventList"), None)
    return [] if events is None else [XmlEvent(one, scopes) for one in flattened(events)]


# ---------------------------------------------------------------- the form

def in_order(items):
    kept = []
    for one in sorted(items, key=lambda item: canonical_json(item).encode()):
        if not kept or kept[-1] != one:
            kept.append(one)
    return kept


def by_role(items, key):
    return sorted(in_order(items), key=lambda one: (one["role"].encode(), (one[key] or "").encode()))


def by_type(pairs, scope):
    made = in_order([{"id": identifier(value), "type": word(kind, scope)} for kind, value in pairs])
    return sorted(made, key=lambda one: ((one["type"] or "").encode(), (one["id"] or "").encode()))


def sensor_part(fields, extensions, scope, ids):
    made = {"ext": sorted_nodes(extensions)}
    for name, value in fields.items():
        if name in ("time", "startTime", "endTime"):
            made[name] = instant(value)
        elif name in REPORT_DECIMALS and ids is REPORT_IDS:
            made[name] = decimal(value)
        elif name in REPORT_WORDS and ids is REPORT_IDS:
            made[name] = word(value, scope)
        elif name in ids:
            made[name] = identifier(value)
        elif name == "hexBinaryValue":
            made[name] = value.upper()
        elif name not in ("comment",):
            made[name] = value
    return made


def sensor(one, scope):
    meta, reports, extensions = one
    return {
        "ext": sorted_nodes(extensions),
        "metadata": None if meta is None else sensor_part(meta[0], meta[1], scope, METADATA_IDS),
        "reports": sorted((sensor_part(fields, ext, scope, REPORT_IDS) for fields, ext in reports), key=lambda part: canonical_json(part).encode()),
    }


def canonical(event):
    scope = event.scope
    epcs = [{"id": identifier(value), "role": role} for name, role in EPC_LISTS for value in event.listed(name)]
    parent = event.text("parentID")
    if parent:
        epcs.append({"id": identifier(parent), "role": "parent"})
    quantities = []
    for name, role in CLASS_LISTS:
        for epc_class, quantity, uom in event.quantities(name):
            quantities.append({"class": identifier(epc_class), "quantity": None if quantity in (None, "") else decimal(quantity), "role": role, "uom": uom or None})
    read_point, read_ext = event.place("readPoint")
    location, location_ext = event.place("bizLocation")
    host = event.extensions(event.members if isinstance(event, JsonEvent) else event.element)
    lot, expiry, other = None, None, []
    for one in event.ilmd():
        if one["n"] == "{" + ILMD_SPACE + "}lotNumber" and not one["c"] and lot is None:
            lot = one["v"]
        elif one["n"] == "{" + ILMD_SPACE + "}itemExpirationDate" and not one["c"] and expiry is None:
            expiry = one["v"]
        else:
            other.append(one)
    declared = event.declaration()
    time = event.text("eventTime")
    return {
        "action": event.text("action"),
        "bizLocation": identifier(location),
        "bizStep": word(event.text("bizStep"), scope),
        "bizTransactions": by_type(event.typed("bizTransactionList", "bizTransaction"), scope),
        "certificationInfo": sorted(set(identifier(one) for one in certifications(event))),
        "destinations": by_type(event.typed("destinationList", "destination"), scope),
        "disposition": word(event.text("disposition"), scope),
        "epcs": by_role(epcs, "id"),
        "errorDeclaration": None if declared is None else {
            "correctiveEventIDs": sorted(set(declared[2])),
            "declarationTime": None if declared[0] is None else instant(declared[0]),
            "ext": sorted_nodes(declared[3]),
            "reason": word(declared[1], scope),
        },
        "eventTime": None if time is None else instant(time),
        "eventTimeZoneOffset": event.text("eventTimeZoneOffset"),
        "ext": sorted_nodes(host + read_ext + location_ext),
        "ilmd": {"ext": sorted_nodes(other), "itemExpirationDate": expiry, "lotNumber": lot},
        "persistentDisposition": {name: sorted(set(word(one, scope) for one in event.dispositions(name))) for name in ("set", "unset")},
        "quantities": by_role(quantities, "class"),
        "readPoint": identifier(read_point),
        "sensors": sorted((sensor(one, scope) for one in event.sensors()), key=lambda part: canonical_json(part).encode()),
        "sources": by_type(event.typed("sourceList", "source"), scope),
        "transformationID": identifier(event.text("transformationID")),
        "type": event.type,
        "v": 1,
    }


def certifications(event):
    if isinstance(event, JsonEvent):
        return [plain(one) for one in event.items("certificationInfo")]
    return [text_of(one) for one in event.children if own_name(one) == "certificationInfo"]


def digest(form):
    hashed = {name: value for name, value in form.items() if name != "errorDeclaration"}
    return hashlib.sha256(b"firn.event/1\n" + canonical_json(hashed).encode("utf-8")).hexdigest()


def events_of(data):
    """Canonical events of the bytes of one document, in their order; None for one that has not the shape of an event."""
    start = data.lstrip(codecs.BOM_UTF8).lstrip(b" \t\r\n")[:1]
    if start in (b"{", b"["):
        try:
            made = json_events(data.decode("utf-8-sig"))
        except UnicodeDecodeError as error:
            raise Bad(str(error)) from error
    else:
        made = xml_events(data)
    return [shaped(one) for one in made]


def shaped(event):
    try:
        return None if event is None else canonical(event)
    except (AttributeError, TypeError):
        return None


def main(arguments):
    names = arguments[:1] == ["--names"]
    files = arguments[1:] if names else arguments
    if not files or files[0] in ("-h", "--help"):
        print(__doc__.strip())
        return 0 if files else 2
    code = 0
    for file in files:
        try:
            with open(file, "rb") as opened:
                forms = events_of(opened.read())
        except (OSError, Bad) as error:
            print(f"{file}: {error}", file=sys.stderr)
            code = 2
            continue
        for index, form in enumerate(forms):
            if form is None:
                print(f"{file}: event {index} has not the shape of one", file=sys.stderr)
                code = 2
                continue
            line = {"file": file} if names else {}
            line.update({"event": index, "event_hash": digest(form), "canonical": form})
            print(json.dumps(line, ensure_ascii=False, separators=(",", ":")))
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
