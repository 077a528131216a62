//! System tests that need several rooms.
