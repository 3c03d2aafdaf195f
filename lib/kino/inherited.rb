# frozen_string_literal: true

require "kino/hot_restart/handover"
require "kino/systemd/activation"
require "kino/systemd/watchdog"

module Kino
  Inherited = Data.define(:sockets, :handover, :directory)

  # What a process has inherited from the one that started it.
  #
  # @!attribute [r] sockets
  #   @return [Array<PassedSocket>] listening sockets from systemd or the predecessor
  # @!attribute [r] handover
  #   @return [HotRestart::Handover, nil] nil unless this is the new process of a hot restart
  # @!attribute [r] directory
  #   @return [String, nil] the working directory, which the app may change; nil if it was deleted
  #
  # @api private
  class Inherited
    # Call it before the app is loaded, if possible: processes that the app starts must not get the descriptors or
    # variables, and paths of the command line are relative to the directory in which it was given.
    #
    # @param env [Hash{String => String}, ENV] what says so is taken out of it
    # @return [Inherited]
    # @raise [BindError]
    def self.take(env = ENV)
      handover = HotRestart::Handover.take(env)
      activated = Systemd::Activation.take(env)
      Systemd::Watchdog.adopt(env) if handover
      new(sockets: handover ? handover.sockets : activated, handover:, directory: working_directory)
    end

    def self.working_directory
      Dir.pwd
    rescue SystemCallError
      nil
    end
    private_class_method :working_directory

    # @return [Integer, nil] the process that this one takes over from
    def predecessor = handover&.predecessor

    # Closes the sockets, once the server has its own duplicates: while ours are open, clients could connect without
    # being accepted.
    # @return [void]
    def close = sockets.each { |socket| socket.io.close }

    # @return [Boolean] whether the predecessor was told, and tells others
    def announce = handover ? handover.announce : false
  end
end
