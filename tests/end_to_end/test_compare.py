"""`dragoman compare` on the bundles that ship: tables, JSON and a page; and what it says of what it cannot use."""

import json
import re
from html.parser import HTMLParser

import pytest

from dragoman.cli.main import main
from dragoman.data.phrasebook import generate
from helpers.cli import TINY

PLAIN, ATTENTION = "phrasebook-en-fr-plain", "phrasebook-en-fr"
HOSTILE = "<script>alert(1)</script> {{say}}"
