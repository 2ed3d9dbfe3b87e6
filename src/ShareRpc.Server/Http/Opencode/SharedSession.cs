using ShareRpc.Protocol.Tokens;

namespace ShareRpc.Server.Http.Opencode;

/// <summary>What a session's share is called, and the two tokens made for whoever asked.</summary>
internal sealed record SharedSession(string ShareId, ShareToken Append, ShareToken Read);
