# SPDX-License-Identifier: Apache-2.0
"""The shop behind examples/shop.py."""
