# SPDX-License-Identifier: Apache-2.0
"""The API's own description: made from the views, served as a document and as a page."""
