# frozen_string_literal: true

require "support/apps"

run Apps::Blocking
