# frozen_string_literal: true

require "rspec/core/rake_task"

desc "Run the specs (SPEC=path for some of them)"
RSpec::Core::RakeTask.new(:spec)
task spec: :compile
