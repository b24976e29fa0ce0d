# shellcheck shell=bash
# Completions of bash for `seguectl`. A test compares them with --help.

_seguectl() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
    local command=${COMP_WORDS[1]} options='--help --config --database --json --socket'

    COMPREPLY=()
    if ((COMP_CWORD == 1)); then
        mapfile -t COMPREPLY < <(compgen -W '
            status watch scan pause resume cancel failures retry settings workers
            explain review --help --version' -- "$word")
        return
    fi
    [[ $command != review ]] || options+=' --song --list --accept --leave --no-song --recording --undo --history'
    case $before in
        --song | --recording) return ;;
        --config | --database | --socket)
            compopt -o filenames 2>/dev/null
            mapfile -t COMPREPLY < <(compgen -f -- "$word")
            return
            ;;
    esac
    if [[ $word == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$options" -- "$word")
        return
    fi
    case $command in
        settings)
            # The word after the key is its value.
            [[ $before == settings ]] || return 0
            mapfile -t COMPREPLY < <(compgen -W '
                silence_threshold_dB silence_min_duration_ticks
                minimum_passage_audio_duration_ticks lead_in_threshold_dB
                lead_out_threshold_dB acoustid_api_key
                ai_processing_thread_count silence_db silence_seconds
                shortest_audio_seconds lead_in_db lead_out_db acoustid_key workers' -- "$word")
            ;;
        scan | retry | explain)
            compopt -o filenames 2>/dev/null
            mapfile -t COMPREPLY < <(compgen -f -- "$word")
            ;;
    esac
}

complete -F _seguectl seguectl
