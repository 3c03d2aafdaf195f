# frozen_string_literal: true

require "rubocop/rake_task"

desc "Check the style of the Ruby code"
RuboCop::RakeTask.new(:lint) do |task|
  task.options = ["--cache-root", "tmp/rubocop"]
end
