"""Answers from any LVLM (paper 3.4): one adapter a file, chosen by one argument.

Importing this package loads no framework: an adapter's class is loaded when it is first named.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
