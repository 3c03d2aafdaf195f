# frozen_string_literal: true

require "support/apps"
require "support/servers"

# Helpers of the specs in spec/integration, besides {Servers}.
module Integration
  # @return [Boolean] whether nothing listens on the port
  def refused?(port)
    HttpClient.open(port).close
    false
  rescue Errno::ECONNREFUSED
    true
  rescue Errno::ECONNRESET
    false # it was still in the backlog
  end

  RSpec.configure do |config|
    config.define_derived_metadata(file_path: %r{/spec/integration/}) { |metadata| metadata[:servers] = true }
    config.include(self, :servers)
  end
end
