# shellcheck shell=bash
# Completions of bash for `segued`. A test compares them with --help.

_segued() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
    local command=${COMP_WORDS[1]} options='--help --config --database --json'

    COMPREPLY=()
    if ((COMP_CWORD == 1)); then
        mapfile -t COMPREPLY < <(compgen -W '
            import serve library rematch review decide explain forget-tags similar flavor config --help --version' -- "$word")
        return
    fi
    case $command in
        import) options+=' --offline --workers' ;;
        serve) options+=' --offline' ;;
        flavor)
            case ${COMP_WORDS[2]} in
                import-dump) options+=' --all' ;;
                install-models) options+=' --again --wheel' ;;
                *) options='--help' ;;
            esac
            ;;
        config) [[ ${COMP_WORDS[2]} == @(check|show) ]] || options='--help' ;;
        similar) options+=' --passage --number --metric -n' ;;
        review) options+=' --song --list --accept --leave --no-song --recording --undo --history' ;;
        decide) options+=' --passage --recording --no-song --clear --title --artist' ;;
    esac
    case $before in
        --workers | --passage | --number | -n | --song | --recording | --title | --artist) return ;;
        --metric)
            mapfile -t COMPREPLY < <(compgen -W 'squares variation' -- "$word")
            return
            ;;
        --config | --database)
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
        library) mapfile -t COMPREPLY < <(compgen -W 'files passages failures passed-over copies review' -- "$word") ;;
        import | serve | rematch)
            compopt -o filenames 2>/dev/null
            mapfile -t COMPREPLY < <(compgen -d -- "$word")
            ;;
        flavor)
            if ((COMP_CWORD == 2)); then
                mapfile -t COMPREPLY < <(compgen -W 'import-dump install-models' -- "$word")
                return
            fi
            compopt -o filenames 2>/dev/null
            mapfile -t COMPREPLY < <(compgen -f -- "$word")
            ;;
        config)
            ((COMP_CWORD != 2)) || mapfile -t COMPREPLY < <(compgen -W 'check show' -- "$word")
            ;;
        decide | explain | forget-tags | similar)
            compopt -o filenames 2>/dev/null
            mapfile -t COMPREPLY < <(compgen -f -- "$word")
            ;;
    esac
}

complete -F _segued segued
