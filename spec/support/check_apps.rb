# frozen_string_literal: true

# Apps that `Kino::Check` is held against: what people write, and what could deceive it. Each file of check_apps/ is a
# family, and says of each of its apps how it is made.
module CheckApps
  # An app of the table.
  #
  # - name [String]
  # - paths [Array<String>] what a client asks for, in turn
  # - blames [Regexp, nil] what a finding has to name if the app cannot run
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

    # Where Ruby can make a Ractor share a block.
    # @return [#call] shareable, or just a block
    def shareable(&block) = Ractor.respond_to?(:shareable_proc) ? Ractor.shareable_proc(&block) : block
  end
end
