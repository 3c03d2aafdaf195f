# frozen_string_literal: true

require "open3"

namespace :docs do
  desc "Check that everything public in lib/ has a YARD comment"
  task :coverage do
    output, status = Open3.capture2e("yard", "stats", "--list-undoc", "--no-cache", "--db", "tmp/yardoc", "lib/**/*.rb")
    abort output unless status.success?
    abort "#{output}\nWrite a YARD comment for what is listed above." unless output.include?("100.00% documented")
    abort "#{output}\nRepair the YARD comments that are warned about above." if output.match?(/^\[warn\]/)
    puts output[/\S+% documented/]
  end
end
