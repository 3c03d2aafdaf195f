# frozen_string_literal: true

# Apps to test `Kino::Check` with: code that people write, and code that could deceive the check. Each file of
# check_apps/ is a family, and shows how each of its apps is made.
module CheckApps
  # An app of the table.
  #
  # - name [String]
  # - paths [Array<String>] the paths that a client requests, in turn
  # - blames [Regexp, nil] the text that a finding must contain if the app cannot run
  # - build [Proc] makes the app, as its rackup file would
  App = Data.define(:name, :paths, :blames, :build)

  FILES = Dir[File.expand_path("check_apps/*.rb", __dir__)].freeze

  @apps = {}

  class << self
    # @return [Hash{String => App}] of the families that are loaded
    attr_reader :apps

    # Adds an app to the table.
    # @yieldreturn [#call]
    def app(name, blames: nil, paths: ["/"], &build)
      raise ArgumentError, "there is another #{name.inspect}" if apps.key?(name)

      apps[name] = App.new(name:, paths:, blames:, build:)
    end

    # @return [Hash{String => App}] all of them
    def load_all
      FILES.each { |file| require file }
      apps
    end

    # Makes the block shareable, if this Ruby can.
    # @return [#call] the shareable block, or the block itself
    def shareable(&block) = Ractor.respond_to?(:shareable_proc) ? Ractor.shareable_proc(&block) : block
  end
end
