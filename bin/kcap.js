#!/usr/bin/env node
import '../dist/kcap.js';
