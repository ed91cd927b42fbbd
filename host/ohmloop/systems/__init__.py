# SPDX-License-Identifier: BSD-3-Clause
"""Published systems, one module each."""
