#!/usr/bin/env node
// See src/main.ts; this file is here so that the command is a short one.
import './src/main.ts';
