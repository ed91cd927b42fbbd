# SPDX-License-Identifier: BSD-3-Clause
"""Requests to frames to bytes on a wire, and replies back."""
