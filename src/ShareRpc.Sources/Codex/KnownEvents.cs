using System.Collections.Frozen;

namespace ShareRpc.Sources.Codex;

/// <summary>Names the events that say nothing that is not said elsewhere.</summary>
internal static class KnownEvents
{
    public static readonly FrozenSet<string> Names = new[]
    {
        "thread_settings_applied", "context_compacted", "item_started", "session_configured", "agent_message_delta",
        "agent_reasoning_delta", "agent_reasoning_section_break", "agent_reasoning_raw_content_delta", "turn_diff",
        "exec_command_begin", "exec_command_output_delta", "exec_approval_request", "apply_patch_approval_request",
        "patch_apply_begin", "mcp_tool_call_begin", "web_search_begin", "view_image_tool_call", "plan_update",
        "background_event", "entered_review_mode", "exited_review_mode", "undo_started", "undo_completed",
        "raw_response_item", "mcp_startup_update", "mcp_startup_complete", "shutdown_complete", "deprecation_notice",
        "image_generation_begin", "image_generation_end", "guardian_assessment", "collab_agent_spawn_begin",
        "collab_agent_spawn_end", "collab_agent_interaction_begin", "collab_agent_interaction_end",
        "collab_waiting_begin", "collab_waiting_end", "collab_close_begin", "collab_close_end", "collab_resume_begin",
        "collab_resume_end", "dynamic_tool_call_request", "dynamic_tool_call_response", "terminal_interaction",
        "user_input_requested", "request_user_input", "skills_update_available", "model_reroute", "thread_goal_updated",
    }.ToFrozenSet(StringComparer.Ordinal);
}
