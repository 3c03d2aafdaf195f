# frozen_string_literal: true

$LOAD_PATH.unshift(File.expand_path("../lib", __dir__))
require_relative "generate/findings"
require_relative "generate/front_end"
require_relative "generate/moving"
require_relative "generate/reference"
require_relative "generate/signatures"

generated = {
  "doc/configuration.md" => Generate::Reference,
  "doc/puma.md" => Generate::Moving,
  "doc/ractors.md" => Generate::Findings,
  "ext/kino/src/ruby/directives.rs" => Generate::FrontEnd,
  "sig/kino/config/sheet.rbs" => Generate::Signatures
}

desc "Write what is made from the list of directives: #{generated.keys.join(", ")}"
task :generate do
  generated.each do |path, source|
    mkdir_p File.dirname(path), verbose: false
    File.write(path, source.text)
  end
end

namespace :generate do
  desc "Check that what is made from the list of directives is as it would be made now"
  task :check do
    stale = generated.reject { |path, source| File.exist?(path) && File.read(path) == source.text }.keys
    abort "#{stale.join(", ")}: not what lib/kino/config/directives.rb makes of it; run rake generate" if stale.any?
    puts "#{generated.size} files are what the list of directives makes of them"
  end
end
