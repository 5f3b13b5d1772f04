"""Questions: what can be asked of several releases, a folder each; every one has its plan, judge, summary and page."""
